/** Says which digits are on pictures. */
module sample.digits {
  requires io.panamba.model;
}
