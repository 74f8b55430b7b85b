package import Postgres
package import Repository
package import Stores

/// The events of stores, in pages and as they come.
package struct EventService: Sendable {
    private let pool: ConnectionPool
    private let bulletin: Bulletin

    package init(pool: ConnectionPool, bulletin: Bulletin) {
        self.pool = pool
        self.bulletin = bulletin
    }

    package static let pageLimit = 200

    /// The events of a store behind a number.
    /// - Throws: `StoreError` `.notFound`, also for a store that the caller may not see.
    package func page(of id: StoreID, after seq: Int, limit: Int, by caller: Caller) async throws -> [StoreEvent] {
        let account = caller.principal.onlyAccount
        return try await pool.withConnection { db in
            guard try StoreRepository.find(id, only: account, on: db) != nil else { throw StoreError.notFound(id) }
            return try EventRepository.page(of: id, after: seq, limit: limit, on: db)
        }
    }

    /// The events of all stores that the caller may see, behind a position, and the position to go on from.
    package func page(after position: EventRepository.Position, limit: Int, by caller: Caller) async throws -> (
        events: [(event: StoreEvent, position: EventRepository.Position)], next: EventRepository.Position
    ) {
        let account = caller.principal.onlyAccount
        return try await pool.withConnection { db in
            try EventRepository.page(after: position, account: account, limit: limit, on: db)
        }
    }

    /// Behind everything that has happened.
    package func now() async throws -> EventRepository.Position {
        try await pool.withConnection { db in try EventRepository.newest(on: db) }
    }

    /// Hands over the events of a store behind a number, and every further one, until the receiver throws or the task is cancelled.
    ///
    /// - Parameter receive: called with an empty array now and then, so that a receiver that is gone is noticed.
    package func follow(
        _ id: StoreID, after seq: Int, by caller: Caller, receive: ([StoreEvent]) async throws -> Void
    ) async throws {
        var last = seq
        try await follow(id) {
            let events = try await page(of: id, after: last, limit: EventService.pageLimit, by: caller)
            last = events.last?.seq ?? last
            try await receive(events)
            return events.count == EventService.pageLimit
        }
    }

    /// The same over all stores.
    package func follow(
        after position: EventRepository.Position, by caller: Caller,
        receive: ([(event: StoreEvent, position: EventRepository.Position)]) async throws -> Void
    ) async throws {
        var last = position
        try await follow(nil) {
            let page = try await page(after: last, limit: EventService.pageLimit, by: caller)
            last = page.next
            try await receive(page.events)
            return page.events.count == EventService.pageLimit
        }
    }

    /// Reads whenever there may be something: when the bulletin says so, and every few seconds whatever it says.
    /// - Parameter read: returns whether there is more.
    private func follow(_ id: StoreID?, read: () async throws -> Bool) async throws {
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let relaying = Task {
            for await _ in bulletin.events(of: id) { wake.yield() }
        }
        let ticking = Task {
            while true {
                try await Task.sleep(for: .seconds(5))
                wake.yield()
            }
        }
        defer {
            relaying.cancel()
            ticking.cancel()
        }
        while try await read() {}
        for await _ in wakes {
            while try await read() {}
        }
    }
}
