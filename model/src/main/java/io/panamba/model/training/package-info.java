/** Training of Vim networks: gradients, optimiser, data, runs. */
package io.panamba.model.training;
