// What relative paths stand for.

import Config
import Testing

@Suite struct AbsolutePathTests {
  @Test(arguments: [
    ("a.txt", "/base/a.txt"), ("./a.txt", "/base/a.txt"), ("x/./y//a.txt", "/base/x/y/a.txt"),
    ("/a/./b", "/a/./b"), (".", "/base"), ("", "/base"), ("~/a.txt", "/home/u/a.txt"),
    ("~", "/home/u"), ("~u/a.txt", "/base/~u/a.txt"), ("a b", "/base/a b"),
    // A link may stand before it.
    ("../a.txt", "/base/../a.txt"), ("x/../a.txt", "/base/x/../a.txt"),
  ])
  func `a path starts at the folder, the root or the home`(path: String, absolute: String) {
    #expect(AbsolutePath.of(path, in: "/base", home: "/home/u") == absolute)
  }

  @Test func `without a home the tilde is a name, and the root ends in one slash`() {
    #expect(AbsolutePath.of("~/a", in: "/base", home: nil) == "/base/~/a")
    #expect(AbsolutePath.of("a", in: "/") == "/a")
    #expect(AbsolutePath.currentFolder.hasPrefix("/"))
    #expect(AbsolutePath.of("a") == AbsolutePath.of("a", in: AbsolutePath.currentFolder))
  }
}
