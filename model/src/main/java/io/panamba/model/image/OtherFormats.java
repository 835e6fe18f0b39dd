package io.panamba.model.image;

/** Names the formats that are not read, by the first bytes of their files. */
final class OtherFormats {
  private static final String[][] SIGNATURES = {
    {"\u00FF\n", "JPEG XL"},
    {"\0\0\0\fJXL \r\n\u0087\n", "JPEG XL"},
    {"\0\0\0\fjP  \r\n\u0087\n", "JPEG 2000"},
    {"\u00FFO\u00FFQ", "JPEG 2000"},
    {"8BPS", "a Photoshop document"},
    {"%PDF", "PDF"},
    {"%!PS", "PostScript"},
    {"<svg", "SVG"},
    {"<?xml", "XML, perhaps SVG"},
    {"\0\0\u0001\0", "an icon (ICO)"},
    {"\0\0\u0002\0", "a cursor (CUR)"},
    {"qoif", "QOI"},
    {"v/1\u0001", "OpenEXR"},
    {"#?RADIANCE", "Radiance HDR"},
    {"DDS ", "DDS"},
    {"\u00D7\u00CD\u00C6\u009A", "WMF"},
    {"\u008AMNG", "MNG"},
    {"\u00ABKTX", "KTX"},
    {"\u0089HDF", "HDF5"},
    {"\u0093NUMPY", "a NumPy array"},
    {"IIU\0", "a Panasonic camera's raw picture"},
    {"P1", "PNM"},
    {"P2", "PNM"},
    {"P3", "PNM"},
    {"P4", "PNM"},
    {"P5", "PNM"},
    {"P6", "PNM"},
    {"P7", "PAM"},
    {"PK\u0003\u0004", "a ZIP archive"},
    {"\u001F\u008B", "a gzip archive"},
    {"\u001AE\u00DF\u00A3", "a Matroska or WebM film"},
    {"<!DOCTYPE html", "a web page"},
    {"<html", "a web page"}
  };

  /** The brands of files whose fifth byte on says "ftyp". */
  private static final String[][] BRANDS = {
    {"avif", "AVIF"},
    {"avis", "AVIF"},
    {"heic", "HEIC"},
    {"heix", "HEIC"},
    {"heim", "HEIC"},
    {"heis", "HEIC"},
    {"hevc", "HEIC"},
    {"mif1", "HEIF"},
    {"msf1", "HEIF"},
    {"crx ", "a Canon camera's raw picture (CR3)"}
  };

  private OtherFormats() {}

  /** Returns what a file is, or null. */
  static String name(byte[] file) {
    if (ImageFormat.starts(file, 4, "ftyp")) {
      return find(BRANDS, file, 8, "an MP4 film");
    }
    return find(SIGNATURES, file, 0, null);
  }

  private static String find(String[][] names, byte[] file, int at, String other) {
    for (String[] name : names) {
      if (ImageFormat.starts(file, at, name[0])) {
        return name[1];
      }
    }
    return other;
  }
}
