/** Finds, checks and loads native libraries. */
package io.panamba.runtime.internal.library;
