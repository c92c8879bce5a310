// ImageError: why bytes are no images, in one sentence.

import Config
import Records

/// What is wrong with the bytes of a file of images.
package struct ImageError: Error, Equatable, CustomStringConvertible {
  package let description: String

  /// - Parameter problem: may quote a file or a library, whatever they say.
  init(_ problem: String) { description = Wording.oneLine(problem) }
}

/// What `body` makes of the bytes of a file.
///
/// - Parameter contents: the bytes, where they are in memory.
/// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
func reading<Contents>(
  _ path: String, _ contents: [UInt8]? = nil, _ body: ([UInt8]) throws(ImageError) -> Contents
) throws(ResultsError) -> Contents {
  let bytes: [UInt8]
  do throws(RegularFile.Failure) {
    if let contents { bytes = contents } else { bytes = try RegularFile.read(path) }
  } catch {
    throw .unreadable(path: path, problem: error.reason)
  }
  do throws(ImageError) {
    return try body(bytes)
  } catch {
    throw .unreadable(path: path, problem: error.description)
  }
}
