import CYAML
import JSON

/// A YAML document read as JSON: what a kubeconfig needs. Aliases are not followed and every plain scalar but null and booleans is text.
enum YAML {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw Failure(description: "out of memory") }
        defer { yaml_parser_delete(&parser) }
        return try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            var document = yaml_document_t()
            guard yaml_parser_load(&parser, &document) == 1 else {
                let problem = parser.problem.map { String(cString: $0) } ?? "malformed"
                throw Failure(description: "\(problem) in line \(parser.problem_mark.line + 1)")
            }
            defer { yaml_document_delete(&document) }
            guard let root = yaml_document_get_root_node(&document) else { return .null }
            return value(of: root, in: &document, depth: 0)
        }
    }

    private static func value(of node: UnsafeMutablePointer<yaml_node_t>, in document: inout yaml_document_t, depth: Int)
        -> JSONValue
    {
        guard depth < 100 else { return .null }
        switch node.pointee.type {
        case YAML_SCALAR_NODE:
            let scalar = node.pointee.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            guard scalar.style == YAML_PLAIN_SCALAR_STYLE else { return .string(text) }
            switch text {
            case "", "~", "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: return .string(text)
            }
        case YAML_SEQUENCE_NODE:
            let items = node.pointee.data.sequence.items
            var elements: [JSONValue] = []
            var item = items.start
            while let current = item, current != items.top {
                if let child = yaml_document_get_node(&document, current.pointee) {
                    elements.append(value(of: child, in: &document, depth: depth + 1))
                }
                item = current + 1
            }
            return .array(elements)
        case YAML_MAPPING_NODE:
            let pairs = node.pointee.data.mapping.pairs
            var object = JSONObject()
            var pair = pairs.start
            while let current = pair, current != pairs.top {
                if let key = yaml_document_get_node(&document, current.pointee.key),
                    let child = yaml_document_get_node(&document, current.pointee.value),
                    case .string(let name) = value(of: key, in: &document, depth: depth + 1)
                {
                    object[name] = value(of: child, in: &document, depth: depth + 1)
                }
                pair = current + 1
            }
            return .object(object)
        default: return .null
        }
    }
}
