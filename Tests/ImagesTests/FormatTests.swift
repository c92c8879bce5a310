// PGM, IDX and gzip: what is read, and what is refused in which words.

import Images
import MutatedImages
import Testing

@Suite struct FormatTests {
  private func pgm(_ header: String, _ pixels: [UInt8]) -> [UInt8] { Array(header.utf8) + pixels }

  @Test func `a PGM's brightest value becomes 255`() throws {
    let image = try Image(pgm("P5\n# a comment\n2 # another\n1\n15\n", [15, 5]))
    #expect(image.shape == ImageShape(height: 1, width: 2, channels: 1))
    #expect(image.pixels == [255, 85])
    #expect(try Image(pgm("P5 2 1 255\n", [10, 32])).pixels == [10, 32])
    // Some programs end the file with a newline.
    #expect(try Image(pgm("P5 2 1 255\n", [10, 32, 10])).pixels == [10, 32])
    #expect(try Image(pgm("P5 2 1 65535\n", [255, 255, 128, 0])).pixels == [255, 128])
  }

  @Test func `a PGM of text has the pixels of a binary one`() throws {
    let image = try Image(pgm("P2\n# a comment\n2 # another\n1\n15\n15 # here too\n5", []))
    #expect(image.shape == ImageShape(height: 1, width: 2, channels: 1))
    #expect(image.pixels == [255, 85])
    let rows = "P2#\r\n3 2 255\r\n 0\t007 255\r\n9 10 11 \n# the end"
    #expect(try Image(pgm(rows, [])).pixels == [0, 7, 255, 9, 10, 11])
    #expect(try Image(pgm("P2 2 1 65535 65535 32768\n", [])).pixels == [255, 128])
    // What is brighter than the brightest value is as bright, in both.
    #expect(try Image(pgm("P2 2 1 100 101 999999999", [])).pixels == [255, 255])
    #expect(try Image(pgm("P5 2 1 100\n", [101, 255])).pixels == [255, 255])
  }

  @Test func `a PGM that is none says so`() {
    let cases: [([UInt8], String)] = [
      (pgm("P5 2", []), "its header has no height"),
      (pgm("P5 2 x 255\n", [1]), "its header has no height"),
      (pgm("P5 99999999999 1 255\n", [1]), "the width in its header has 11 digits"),
      (pgm("P5 2 1 0\n", [1, 2]), "its brightest value is 0, not 1 to 65535"),
      (
        pgm("P5 100000 100000 255\n", [1]),
        "its header says 100000 x 100000 pixels; each side must have 1 to 4096"
      ),
      (
        pgm("P5 2 2 255\n", [1, 2, 3]),
        "its header says 2 x 2 pixels of 1 byte, and 3 bytes follow"
      ),
      (
        pgm("P5 2 1 255\n", [1, 2, 3]),
        "its header says 1 x 2 pixels of 1 byte, and 3 bytes follow"
      ),
      (
        pgm("P5 2 1 255\n", [1, 2, 10, 10]),
        "its header says 1 x 2 pixels of 1 byte, and 4 bytes follow"
      ),
      (pgm("P5 2 2 256\n", []), "its header says 2 x 2 pixels of 2 bytes, and 0 bytes follow"),
      (pgm("P2", []), "it is neither a PNG nor a PGM: it begins with 50 32"),
      (pgm("P2P", []), "it is neither a PNG nor a PGM: it begins with 50 32 50"),
      (pgm("P2 2", []), "its header has no height"),
      (pgm("P2 2 # 1 255\n", []), "its header has no height"),
      (pgm("P2 2 1 65536 0 0\n", []), "its brightest value is 65536, not 1 to 65535"),
      (
        pgm("P2 4096 4096 255\n0 1 2\n", []),
        "its header says 4096 x 4096 pixels, and 7 bytes follow, too few for so many numbers"
      ),
      (
        pgm("P2 5000 1 255\n", []),
        "its header says 1 x 5000 pixels; each side must have 1 to 4096"
      ),
      (pgm("P2 3 1 255\n100 200\n", []), "its header says 1 x 3 pixels, and 2 follow"),
      (pgm("P2 2 1 255\n1 2 3", []), "its header says 1 x 2 pixels, and more follow"),
      (pgm("P2 2 1 255\n1 2 x", []), "its header says 1 x 2 pixels, and more follow"),
      (
        pgm("P2 2 1 255\n1 -2\n", []),
        "its header says 1 x 2 pixels, and behind 1 of them stands '-2', no number of up to 9 "
          + "digits"
      ),
      (
        pgm("P2 2 1 255\n0000000001 2\n", []),
        "its header says 1 x 2 pixels, and behind 0 of them stands '0000000001', no number "
          + "of up to 9 digits"
      ),
      (
        pgm("P2 2 1 255\n1 averyveryverylongword\n", []),
        "its header says 1 x 2 pixels, and behind 1 of them stands 'averyveryverylongwor...', no "
          + "number of up to 9 digits"
      ),
      (
        pgm("P1\n2 1\n0 1\n", []), "it is a PBM of text, neither a PNG nor a PGM: convert it to PNG"
      ),
      (pgm("P4 2 1\n", [0]), "it is a PBM, neither a PNG nor a PGM: convert it to PNG"),
      (
        [0xFF, 0xD8, 0xFF, 0xE0],
        "it is a JPEG, neither a PNG nor a PGM: convert it to PNG"
      ),
      (
        pgm("RIFF", [1, 2, 3, 4]) + Array("WEBP".utf8),
        "it is a WebP, neither a PNG nor a PGM: convert it to PNG"
      ),
      (
        pgm("RIFF", [1, 2, 3, 4]) + Array("WAVE".utf8),
        "it is neither a PNG nor a PGM: it begins with 52 49 46 46 01 02 03 04"
      ),
      (
        pgm("P6#\n", []), "it is a PPM, neither a PNG nor a PGM: convert it to PNG"
      ),
      (pgm("P3x", []), "it is neither a PNG nor a PGM: it begins with 50 33 78"),
      (pgm("P7\n", []), "it is neither a PNG nor a PGM: it begins with 50 37 0a"),
    ]
    for (bytes, expected) in cases {
      #expect(problem { _ = try Image(bytes) } == expected)
    }
  }

  @Test func `an IDX file has the bytes that its header asks for`() throws {
    let idx = try IDX(IDXSample.bytes([2, 1, 3], [1, 2, 3, 4, 5, 6]), dimensions: 3)
    #expect(idx.sizes == [2, 1, 3])
    #expect(idx.values == [1, 2, 3, 4, 5, 6])
    let cases: [([UInt8], String)] = [
      (
        IDXSample.bytes([2], [1, 2]),
        "it is no IDX file of bytes in 3 dimensions: it begins with 00 00 08 01, not 00 00 08 03"
      ),
      ([0, 0, 8, 3, 0, 0], "it ends within its header"),
      (IDXSample.bytes([2, 1, 3], [1, 2]), "its header says 2 x 1 x 3 bytes, and 2 follow"),
      (
        IDXSample.bytes([0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], [1]),
        "its header says 4294967295 x 4294967295 x 4294967295 bytes, and 1 follow"
      ),
    ]
    for (bytes, expected) in cases {
      #expect(problem { _ = try IDX(bytes, dimensions: 3) } == expected)
    }
  }

  @Test func `what is packed comes out, member by member`() throws {
    let data: [UInt8] = (0..<1000).map { UInt8($0 % 251) }
    let packed = GzipSample.bytes(data)
    #expect(Gzip.isPacked(packed) && !Gzip.isPacked(data))
    #expect(try Gzip.unpacked(packed, most: 1000) == data)
    #expect(try Gzip.unpacked(packed + GzipSample.bytes([7]), most: 2000) == data + [7])
    // Zeros behind it are padding.
    #expect(try Gzip.unpacked(packed + [0], most: 1000) == data)
    #expect(try Gzip.unpacked(packed + [UInt8](repeating: 0, count: 512), most: 1000) == data)
  }

  @Test func `what is packed badly says so`() {
    let packed = GzipSample.bytes([1, 2, 3, 4])
    var damaged = packed
    damaged[16] ^= 1
    let cases: [([UInt8], String)] = [
      (Array(packed.dropLast()), "its compressed data end early"),
      (Array(packed[..<3]), "its compressed data end early"),
      (damaged, "its compressed data are damaged: incorrect data check"),
      (packed + [7], "its compressed data end early"),
      (packed + [0, 7], "its compressed data are damaged: incorrect header check"),
      (packed + [1, 2, 3], "its compressed data are damaged: incorrect header check"),
    ]
    for (bytes, expected) in cases {
      #expect(problem { _ = try Gzip.unpacked(bytes, most: 100) } == expected)
    }
    #expect(
      problem { _ = try Gzip.unpacked(packed, most: 3) }
        == "more than 3 bytes come out of it, the most that are read")
  }
}
