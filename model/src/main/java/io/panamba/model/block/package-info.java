/** What several families of networks are built of. */
package io.panamba.model.block;
