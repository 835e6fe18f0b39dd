/** What a segmentation network says about an image: a class for every pixel. */
package io.panamba.model.segmentation;
