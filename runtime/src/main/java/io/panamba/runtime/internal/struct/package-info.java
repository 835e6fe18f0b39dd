/** Operations as the argument structs of the native interface, for every kind of device. */
package io.panamba.runtime.internal.struct;
