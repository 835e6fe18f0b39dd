/** The processor as a device. */
package io.panamba.runtime.internal.cpu;
