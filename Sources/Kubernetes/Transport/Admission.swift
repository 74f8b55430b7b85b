typealias TransferID = UInt64

/// Who may run: so many at once, the others in the order in which they came.
struct Admission {
    let limit: Int
    private(set) var running: Set<TransferID> = []
    /// Those waiting from `front` on; those before it are gone.
    private var queue: [TransferID] = []
    private var front = 0
    private var waiting: Set<TransferID> = []

    var waitingCount: Int { waiting.count }

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// True if it may start now; otherwise it waits for `leave` to name it.
    mutating func enter(_ id: TransferID) -> Bool {
        guard running.count >= limit else {
            running.insert(id)
            return true
        }
        waiting.insert(id)
        queue.append(id)
        return false
    }

    /// Takes out one that is over or has given up waiting, and names the one that may start in its place.
    mutating func leave(_ id: TransferID) -> TransferID? {
        waiting.remove(id)
        guard running.remove(id) != nil else { return nil }
        while front < queue.count {
            let next = queue[front]
            front += 1
            if front > 64, front * 2 > queue.count {
                queue.removeFirst(front)
                front = 0
            }
            if waiting.remove(next) != nil {
                running.insert(next)
                return next
            }
        }
        return nil
    }
}
