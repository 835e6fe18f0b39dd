/** MambaOut (arXiv 2405.07992): gated convolutions without a scan, in the variants of timm too. */
package io.panamba.model.mambaout;
