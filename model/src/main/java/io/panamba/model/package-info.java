/** Vision Mamba networks and what is done with them: classes and features of images. */
package io.panamba.model;
