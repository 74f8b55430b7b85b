import CYAML
import JSON

/// Why a text is not the YAML we take.
struct YAMLError: Error, Hashable, CustomStringConvertible {
    let reason: String
    /// From 1.
    let line: Int

    var description: String { "\(reason) in line \(line)" }
}

/// Reads one YAML document as the JSON value it stands for. Anchors, aliases, tags and repeated keys are refused: no kubeconfig
/// needs them, and an alias makes a small file large.
struct YAMLReader: ~Copyable {
    private static let deepest = 64

    /// libyaml's parser points into itself once it has its input, so it must not move.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)

    static func document(_ bytes: [UInt8]) throws(YAMLError) -> JSONValue {
        let reader = YAMLReader()
        var outcome: Result<JSONValue, YAMLError> = .success(.null)
        bytes.withUnsafeBufferPointer { input in
            yaml_parser_set_input_string(reader.parser, input.baseAddress, input.count)
            do throws(YAMLError) {
                outcome = .success(try reader.stream())
            } catch {
                outcome = .failure(error)
            }
        }
        return try outcome.get()
    }

    private init() {
        parser.initialize(to: yaml_parser_t())
        event.initialize(to: yaml_event_t())
        yaml_parser_initialize(parser)
    }

    deinit {
        yaml_event_delete(event)
        yaml_parser_delete(parser)
        event.deallocate()
        parser.deallocate()
    }

    private func stream() throws(YAMLError) -> JSONValue {
        try advance()
        guard try advance() == YAML_DOCUMENT_START_EVENT else { return .null }
        try advance()
        let value = try node(depth: 0)
        try advance()
        guard try advance() == YAML_STREAM_END_EVENT else { throw error("a second document") }
        return value
    }

    @discardableResult
    private func advance() throws(YAMLError) -> yaml_event_type_e {
        yaml_event_delete(event)
        guard yaml_parser_parse(parser, event) == 1 else {
            let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unreadable"
            throw YAMLError(reason: problem, line: Int(parser.pointee.problem_mark.line) + 1)
        }
        return event.pointee.type
    }

    private func error(_ reason: String) -> YAMLError {
        YAMLError(reason: reason, line: Int(event.pointee.start_mark.line) + 1)
    }

    /// The node that the current event begins; leaves the event that ends it.
    private func node(depth: Int) throws(YAMLError) -> JSONValue {
        guard depth < YAMLReader.deepest else { throw error("too deep a nesting") }
        switch event.pointee.type {
        case YAML_SCALAR_EVENT: return try scalar()
        case YAML_SEQUENCE_START_EVENT:
            try refuse(anchor: event.pointee.data.sequence_start.anchor, tag: event.pointee.data.sequence_start.tag)
            var elements: [JSONValue] = []
            while try advance() != YAML_SEQUENCE_END_EVENT { elements.append(try node(depth: depth + 1)) }
            return .array(elements)
        case YAML_MAPPING_START_EVENT:
            try refuse(anchor: event.pointee.data.mapping_start.anchor, tag: event.pointee.data.mapping_start.tag)
            return try mapping(depth: depth)
        default: throw error("an alias")
        }
    }

    private func mapping(depth: Int) throws(YAMLError) -> JSONValue {
        var object = JSONObject()
        while try advance() != YAML_MAPPING_END_EVENT {
            guard event.pointee.type == YAML_SCALAR_EVENT else { throw error("a key that is not text") }
            let key = text()
            guard object[key] == nil else { throw error("the key \(key) a second time") }
            try advance()
            object[key] = try node(depth: depth + 1)
        }
        return .object(object)
    }

    private func scalar() throws(YAMLError) -> JSONValue {
        let scalar = event.pointee.data.scalar
        try refuse(anchor: scalar.anchor, tag: scalar.tag)
        return scalar.style == YAML_PLAIN_SCALAR_STYLE ? YAMLReader.plain(text()) : .string(text())
    }

    private func text() -> String {
        let scalar = event.pointee.data.scalar
        return String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    }

    private func refuse(anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?) throws(YAMLError) {
        if anchor != nil { throw error("an anchor") }
        if tag != nil { throw error("a tag") }
    }

    /// YAML 1.2's core schema, as far as JSON has such values.
    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || 0x30...0x39 ~= first else { return .string(text) }
        if let integer = Int(text) { return .integer(integer) }
        if let double = Double(text), double.isFinite, text.allSatisfy({ "0123456789.eE+-".contains($0) }) {
            return .double(double)
        }
        return .string(text)
    }
}
