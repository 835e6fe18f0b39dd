/** What a detector finds on an image: boxes, classes, masks. */
package io.panamba.model.detection;
