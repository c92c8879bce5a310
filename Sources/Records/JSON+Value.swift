// A value of an experiment file as JSON, and back.

package import Config

extension JSON {
  /// A value of an experiment file.
  package init(_ value: Config.Value) {
    self =
      switch value {
      case .null: .null
      case .bool(let value): .bool(value)
      case .int(let value): .integer(value)
      case .double(let value): .real(value)
      case .text(let value): .string(value)
      case .list(let values): .array(values.map(JSON.init))
      case .mapping(let fields): .object(fields.map { JSONMember($0.key, JSON($0.value)) })
      }
  }
}

extension Config.Value {
  package init(_ json: JSON) {
    self =
      switch json {
      case .null: .null
      case .bool(let value): .bool(value)
      case .integer(let value): .int(value)
      case .real(let value): .double(value)
      case .string(let value): .text(value)
      case .array(let values): .list(values.map(Config.Value.init))
      case .object(let members):
        .mapping(members.map { Config.Value.Field($0.key, Config.Value($0.value)) })
      }
  }
}

extension JSON {
  /// The value in one line, the same for whatever means the same.
  package var canonical: String { Config.Value(self).canonical.compactJSON }
}
