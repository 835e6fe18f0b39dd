/** From windows over an image to a class for every pixel. */
package io.panamba.model.windows;
