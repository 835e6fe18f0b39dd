/** The panamba command. */
package io.panamba.cli;
