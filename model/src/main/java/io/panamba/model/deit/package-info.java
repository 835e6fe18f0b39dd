/** DeiT (arXiv 2012.12877) and DeiT III (arXiv 2204.07118): transformers of image patches. */
package io.panamba.model.deit;
