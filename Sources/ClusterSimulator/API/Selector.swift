import JSON

/// A label selector: `a=b,c!=d,e in (f,g),!h`.
struct LabelSelector {
    private enum Requirement {
        case equals(String, String), differs(String, String), isIn(String, Set<String>), isNotIn(String, Set<String>), exists(
            String), isAbsent(String)
    }

    private var requirements: [Requirement] = []

    init(_ text: String) throws(APIFailure) {
        for part in LabelSelector.split(text) {
            let term = part.trimmed
            guard !term.isEmpty else { continue }
            requirements.append(try LabelSelector.requirement(term))
        }
    }

    private static func requirement(_ term: String) throws(APIFailure) -> Requirement {
        for (word, isIn) in [(" notin ", false), (" in ", true)] where term.utf8.contains(UInt8(ascii: " ")) {
            guard let range = term.firstRange(of: word) else { continue }
            let values = term[range.upperBound...].trimmed.dropFirst().dropLast().split(separator: ",").map { String($0).trimmed }
            let key = String(term[..<range.lowerBound]).trimmed
            return isIn ? .isIn(key, Set(values)) : .isNotIn(key, Set(values))
        }
        for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            guard let range = term.firstRange(of: sign) else { continue }
            let key = String(term[..<range.lowerBound]).trimmed
            let value = String(term[range.upperBound...]).trimmed
            guard !value.contains("=") else { throw .badRequest("unable to parse requirement: found '=', expected: identifier") }
            return isEqual ? .equals(key, value) : .differs(key, value)
        }
        return term.hasPrefix("!") ? .isAbsent(String(term.dropFirst()).trimmed) : .exists(term)
    }

    /// At commas outside of parentheses.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts
    }

    func matches(_ object: JSONValue) -> Bool {
        let labels = object.labels
        return requirements.allSatisfy { requirement in
            switch requirement {
            case .equals(let key, let value): labels[key]?.string == value
            case .differs(let key, let value): labels[key]?.string != value
            case .isIn(let key, let values): labels[key]?.string.map(values.contains) ?? false
            case .isNotIn(let key, let values): !(labels[key]?.string.map(values.contains) ?? false)
            case .exists(let key): labels[key] != nil
            case .isAbsent(let key): labels[key] == nil
            }
        }
    }
}

/// A field selector: `metadata.name=x,status.phase!=Running`.
struct FieldSelector {
    private let terms: [(path: [String], value: String, isEqual: Bool)]

    init(_ text: String) {
        terms = text.split(separator: ",").compactMap { term in
            let isEqual = !term.contains("!=")
            let parts = term.split(separator: isEqual ? "=" : "!=", omittingEmptySubsequences: true).map(String.init)
            guard let path = parts.first else { return nil }
            return (path.split(separator: ".").map(String.init), parts.count > 1 ? parts[1] : "", isEqual)
        }
    }

    func matches(_ object: JSONValue) -> Bool {
        terms.allSatisfy { term in ((object.at(term.path)?.string ?? "") == term.value) == term.isEqual }
    }
}

extension StringProtocol {
    var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }
}
