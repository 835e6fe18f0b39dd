/**
 * The boxes of a detector: anchors, deltas, selection, masks. Boxes are four floats each, left,
 * top, right, bottom, in arrays; arithmetic is in double precision.
 */
package io.panamba.model.boxes;
