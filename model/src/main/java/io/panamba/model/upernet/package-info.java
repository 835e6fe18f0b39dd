/**
 * UperNet (arXiv 1807.10221): semantic segmentation by a pyramid over a backbone. Until version 1
 * these types may change.
 */
package io.panamba.model.upernet;
