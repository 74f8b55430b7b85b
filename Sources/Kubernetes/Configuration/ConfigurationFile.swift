import Foundation

/// Reading the small files that say how to reach a cluster.
enum ConfigurationFile {
    static let largest = 4 << 20

    static func bytes(of path: String) throws(ClusterConfigurationError) -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            let data = try handle.read(upToCount: largest + 1) ?? Data()
            try handle.close()
            guard data.count <= largest else { throw ClusterConfigurationError("\(path) is larger than 4 MB") }
            return Array(data)
        } catch let error as ClusterConfigurationError {
            throw error
        } catch {
            throw ClusterConfigurationError("\(path) cannot be read: \(error.localizedDescription)")
        }
    }
}
