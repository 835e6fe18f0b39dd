/** Files as people have them: names of any bytes, and what a folder holds. */
package io.panamba.model.files;
