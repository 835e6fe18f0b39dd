/** Vision Mamba (arXiv 2401.09417). */
package io.panamba.model.vim;
