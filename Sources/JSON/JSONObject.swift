/// The members of a JSON object, in the order they were written. Two objects are equal whatever their order.
///
/// Members are found by walking: the objects of an API have a handful, where walking beats hashing in time and memory.
package struct JSONObject: Sendable {
    package typealias Member = (key: String, value: JSONValue)

    package private(set) var members: [Member]

    /// An object of these members; of two with one key the later counts.
    package init(_ members: [Member] = []) {
        self.members = []
        self.members.reserveCapacity(members.count)
        for member in members { self[member.key] = member.value }
    }

    /// For who knows that no key is there twice.
    init(unique members: [Member]) {
        self.members = members
    }

    package var count: Int { members.count }

    package var isEmpty: Bool { members.isEmpty }

    package var keys: [String] { members.map(\.key) }

    /// Setting nil removes the member; a new one goes to the end.
    package subscript(key: String) -> JSONValue? {
        get {
            for member in members where member.key == key { return member.value }
            return nil
        }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: Hashable {
    package static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.count == other.count
            && one.members.indices.allSatisfy { index in
                let (key, value) = one.members[index]
                let counterpart = other.members[index]  // mostly in the same order
                return counterpart.key == key ? counterpart.value == value : other[key] == value
            }
    }

    package func hash(into hasher: inout Hasher) {
        var sum = 0  // members are summed, since their order must not count
        for member in members {
            var each = Hasher()
            each.combine(member.key)
            each.combine(member.value)
            sum &+= each.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: Sequence {
    package func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(unique: elements.map { (key: $0.0, value: $0.1) })
    }
}
