/** Meters of pools for Micrometer. */
package io.panamba.micrometer;
