/// What pods ask of the nodes: thousandths of a core, bytes of memory, and places, of which a node has so many.
package struct Footprint: Sendable, Hashable {
    package var cpu: Int
    package var memory: Int
    package var pods: Int

    package init(cpu: Int, memory: Int, pods: Int) {
        self.cpu = cpu
        self.memory = memory
        self.pods = pods
    }

    package static let none = Footprint(cpu: 0, memory: 0, pods: 0)

    package static func + (one: Footprint, other: Footprint) -> Footprint {
        Footprint(cpu: one.cpu + other.cpu, memory: one.memory + other.memory, pods: one.pods + other.pods)
    }

    package static func - (one: Footprint, other: Footprint) -> Footprint {
        Footprint(cpu: one.cpu - other.cpu, memory: one.memory - other.memory, pods: one.pods - other.pods)
    }

    package static func * (footprint: Footprint, count: Int) -> Footprint {
        Footprint(cpu: footprint.cpu * count, memory: footprint.memory * count, pods: footprint.pods * count)
    }
}

extension Footprint {
    /// Seen as the room there is: the first thing it lacks for so much more, in words that complete «The cluster …».
    package func lack(of wanted: Footprint, besides used: Footprint) -> String? {
        let needs: [(Int, Int, Int, String, Quantity.Unit?)] = [
            (cpu, used.cpu, wanted.cpu, "CPU", .thousandths), (memory, used.memory, wanted.memory, "memory", .bytes),
            (pods, used.pods, wanted.pods, "pods", nil),
        ]
        for (room, used, wanted, what, unit) in needs where used + wanted > room {
            let texts = [max(room, 0), used, wanted].map { amount in unit.map { Quantity.text(amount, $0) } ?? String(amount) }
            return "has room for \(texts[0]) of \(what), its stores need \(texts[1]) of that, and this one would need \(texts[2]) more"
        }
        return nil
    }
}
