/**
 * The two bitstreams of WebP: VP8 key frames (RFC 6386) and lossless VP8L (RFC 9649), to the pixels
 * of libwebp. Containers are parsed elsewhere, and alpha is left out.
 */
package io.panamba.model.image.webp;
