/** VMamba (arXiv 2401.10166): four walks over a grid in place of attention. */
package io.panamba.model.vmamba;
