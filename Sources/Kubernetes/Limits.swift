extension KubernetesClient {
    /// How much a client asks of the server and how long it waits.
    package struct Limits: Sendable {
        /// Calls at once; the others wait in the order they came. Watches are not counted.
        package var concurrency: Int
        /// Calls a second, first tries and repetitions together, where the server keeps up; where it does not the pace falls by itself.
        package var callsPerSecond: Int
        /// For each attempt, from its start.
        package var requestTimeout: Duration
        package var connectTimeout: Duration
        /// How often a call is sent at most, the first time included.
        package var attempts: Int
        /// The pause before the first repetition; it doubles up to the longest. Half of each pause is chance.
        package var firstBackoff: Duration
        package var longestBackoff: Duration
        /// A server that asks for a longer pause than this is answered with its own refusal at once.
        package var longestRetryAfter: Duration
        /// Bytes of one answer.
        package var answerBytes: Int
        /// Objects of one page where a list is walked.
        package var pageSize: Int
        /// How long one watch connection lives before the server ends it in good order; a tenth more or less, by chance.
        package var watchTimeout: Duration
        /// A watch that says nothing for so long is taken for dead and resumed. Servers send a bookmark about once a minute.
        package var watchSilence: Duration
        /// Bytes of one line of a watch; etcd takes no object above 1.5 MB.
        package var watchLineBytes: Int
        /// Bytes of a watch that may lie unread before the server is made to wait.
        package var watchBufferBytes: Int

        package init(
            concurrency: Int = 16, callsPerSecond: Int = 1000, requestTimeout: Duration = .seconds(10),
            connectTimeout: Duration = .seconds(5),
            attempts: Int = 4,
            firstBackoff: Duration = .milliseconds(100), longestBackoff: Duration = .seconds(10),
            longestRetryAfter: Duration = .seconds(30), answerBytes: Int = 64 << 20, pageSize: Int = 500,
            watchTimeout: Duration = .seconds(300), watchSilence: Duration = .seconds(100), watchLineBytes: Int = 8 << 20,
            watchBufferBytes: Int = 1 << 20
        ) {
            self.concurrency = concurrency
            self.callsPerSecond = callsPerSecond
            self.requestTimeout = requestTimeout
            self.connectTimeout = connectTimeout
            self.attempts = attempts
            self.firstBackoff = firstBackoff
            self.longestBackoff = longestBackoff
            self.longestRetryAfter = longestRetryAfter
            self.answerBytes = answerBytes
            self.pageSize = pageSize
            self.watchTimeout = watchTimeout
            self.watchSilence = watchSilence
            self.watchLineBytes = watchLineBytes
            self.watchBufferBytes = watchBufferBytes
        }
    }
}
