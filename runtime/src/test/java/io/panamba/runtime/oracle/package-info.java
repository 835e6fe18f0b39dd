/**
 * The operations' formulas, each a plain loop in double precision, a file for each family: what
 * tests and benchmarks compare results with. Benchmarks run without a library of tests, so that
 * nothing here uses one.
 */
package io.panamba.runtime.oracle;
