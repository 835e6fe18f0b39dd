/**
 * Cascade R-CNN with masks (arXiv 1712.00726, 1703.06870) over a pyramid of one map, as ViTDet
 * (arXiv 2203.16527) and Vim's detectors have it, and Mask R-CNN over stages. Until version 1 these
 * types may change.
 */
package io.panamba.model.cascade;
