import JSON

/// A manifest as the body of a server-side apply. The server reads it as YAML, of which JSON is a subset but for a few characters:
/// YAML forbids raw DEL, C1 controls and byte order marks, and takes NEL, LS and PS for line breaks, which it folds into spaces.
/// JSON's escapes say the same and mean the same to both.
///
/// Source: YAML 1.2.2, 5.1 and 7.3.1; `sigs.k8s.io/yaml` follows YAML 1.1.
enum ApplyBody {
    static func bytes(of manifest: JSONValue) -> [UInt8] {
        let json = manifest.bytes
        guard json.contains(where: { $0 == 0x7F || $0 >= 0xC2 }) else { return json }
        var yaml: [UInt8] = []
        yaml.reserveCapacity(json.count + 64)
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
                let digits = String(scalar.value, radix: 16)
                yaml += Array("\\u".utf8) + Array(repeating: UInt8(ascii: "0"), count: 4 - digits.utf8.count) + Array(digits.utf8)
            default: yaml.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return yaml
    }
}
