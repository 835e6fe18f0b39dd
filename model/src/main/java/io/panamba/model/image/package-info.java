/** Pictures on their way to a network: decoding, resizing, normalising. */
package io.panamba.model.image;
