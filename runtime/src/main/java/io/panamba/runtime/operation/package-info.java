/** Operations as data: what networks and their gradients are made of. */
package io.panamba.runtime.operation;
