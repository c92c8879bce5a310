// Which libyaml the program runs with.

private import CYAML

extension YAML {
  /// The version of libyaml, such as `0.2.5`.
  package static var libraryVersion: String { String(cString: yaml_get_version_string()) }
}
