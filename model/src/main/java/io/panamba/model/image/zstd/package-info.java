/** Zstandard in Java, for TIFF files. */
package io.panamba.model.image.zstd;
