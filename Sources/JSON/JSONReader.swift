import CJansson

/// Why a text is not the JSON we take.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What the reader met, in its words: «duplicate object key near …», «too big integer …».
    package let reason: String
    /// The byte at which it was met, from 0.
    package let offset: Int

    package var description: String { "\(reason) at byte \(offset)" }
}

extension JSONValue {
    /// Reads one document of UTF-8 JSON (RFC 8259), strictly: no repeated keys, no lone surrogates, no trailing bytes,
    /// no number outside `Int` or `Double`, no nesting beyond 2 048 (libjansson's limit).
    ///
    /// - Parameter allowingNUL: take `\u0000` inside strings, as a container's log may have it.
    package init(parsing bytes: some Sequence<UInt8>, allowingNUL: Bool = false) throws(JSONError) {
        let contiguous = ContiguousArray(bytes)
        var failure = json_error_t()
        let flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | (allowingNUL ? JSON_ALLOW_NUL : 0)
        let root = contiguous.withUnsafeBytes { buffer in
            json_loadb(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, Int(flags), &failure)
        }
        guard let root else {
            throw JSONError(reason: failure.reason, offset: max(0, Int(failure.position)))
        }
        defer { json_decref(root) }
        self.init(root)
    }

    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: text.utf8)
    }

    private init(_ value: UnsafeMutablePointer<json_t>) {
        switch value.pointee.type {
        case JSON_OBJECT:
            var members: [JSONObject.Member] = []
            members.reserveCapacity(json_object_size(value))
            var iterator = json_object_iter(value)
            while let current = iterator {
                if let key = json_object_iter_key(current), let member = json_object_iter_value(current) {
                    let bytes = UnsafeRawBufferPointer(start: key, count: json_object_iter_key_len(current))
                    members.append((String(decoding: bytes, as: UTF8.self), JSONValue(member)))
                }
                iterator = json_object_iter_next(value, current)
            }
            self = .object(JSONObject(unique: members))
        case JSON_ARRAY:
            self = .array((0..<json_array_size(value)).compactMap { json_array_get(value, $0).map(JSONValue.init) })
        case JSON_STRING:
            let bytes = UnsafeRawBufferPointer(start: json_string_value(value), count: json_string_length(value))
            self = .string(String(decoding: bytes, as: UTF8.self))
        case JSON_INTEGER: self = .integer(Int(json_integer_value(value)))
        case JSON_REAL: self = .double(json_real_value(value))
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        default: self = .null
        }
    }
}

extension json_error_t {
    fileprivate var reason: String {
        withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
