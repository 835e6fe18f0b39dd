/** Helpers of the runtime that users don't see; not exported. */
package io.panamba.runtime.internal;
