// swift-tools-version: 6.3
import PackageDescription

// One target per wall the compiler can check; imports go down only. docs/architecture.md has the map and the reasons.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func system(_ name: String, pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

func library(_ name: String, over dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, over dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(of name: String, with dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name)] + dependencies, resources: resources, swiftSettings: settings)
}

let package = Package(
    name: "store-platform",
    products: [
        .executable(name: "store-platform", targets: ["store-platform"]),
        .executable(name: "cluster-simulator", targets: ["cluster-simulator"]),
    ],
    targets: [
        system("CPostgres", pkgConfig: "libpq", debian: "libpq-dev"),
        system("CCurl", pkgConfig: "libcurl", debian: "libcurl4-openssl-dev"),
        system("CMicrohttpd", pkgConfig: "libmicrohttpd", debian: "libmicrohttpd-dev"),
        system("CYAML", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
        system("CCrypto", pkgConfig: "libcrypto", debian: "libssl-dev"),
        system("CJansson", pkgConfig: "jansson", debian: "libjansson-dev"),

        // Infrastructure: knows no store.
        library("JSON", over: ["CJansson"]),
        library("HTTP", over: ["JSON", "CMicrohttpd"]),
        library("Postgres", over: ["CPostgres", "CCrypto"]),
        library("PostgresTesting", over: ["Postgres"]),
        library("CommandTesting", over: []),
        library("Kubernetes", over: ["JSON", "CCurl", "CYAML"]),
        library("ClusterSimulator", over: ["JSON", "HTTP"]),

        // Where tests end the process; nothing in a release build.
        library("FailPoints", over: []),

        // The product, from pure values upwards.
        library("Stores", over: []),
        library("Engines", over: ["Stores", "JSON", "Kubernetes", "CCrypto"]),
        library("Gateway", over: ["Engines", "Stores", "Kubernetes", "JSON", "CCrypto", "FailPoints"]),
        library("Repository", over: ["Stores", "Postgres", "JSON"]),
        library(
            "Services",
            over: ["Stores", "Engines", "Gateway", "Repository", "Postgres", "Kubernetes", "JSON", "CCrypto", "FailPoints"]),
        library("API", over: ["Services", "Repository", "Engines", "Gateway", "Stores", "Postgres", "HTTP", "JSON"]),

        program(
            "store-platform",
            over: [
                "API", "Services", "Repository", "Gateway", "Engines", "Stores", "HTTP", "Postgres", "Kubernetes", "JSON",
                "FailPoints",
            ]),
        program("cluster-simulator", over: ["ClusterSimulator", "HTTP", "JSON"]),
        program("provision-bench", over: ["Engines", "Stores", "Kubernetes", "JSON"]),
        program("queue-bench", over: ["Repository", "Stores", "Postgres", "JSON"]),
        program(
            "http-bench",
            over: ["API", "Services", "Repository", "Gateway", "Engines", "Stores", "HTTP", "Postgres", "Kubernetes", "JSON"]),

        tests(of: "JSON"),
        tests(of: "HTTP", with: ["JSON"]),
        tests(of: "Postgres", with: ["PostgresTesting"]),
        tests(of: "Kubernetes", with: ["JSON", "HTTP", "CommandTesting"], resources: [.copy("Recorded")]),
        tests(of: "ClusterSimulator", with: ["JSON", "HTTP", "Kubernetes"]),
        tests(of: "Stores"),
        tests(of: "Engines", with: ["Stores", "JSON", "Kubernetes"]),
        tests(of: "Repository", with: ["Stores", "Postgres", "PostgresTesting", "CommandTesting", "JSON"]),
        tests(
            of: "Services",
            with: [
                "Stores", "Engines", "Gateway", "Repository", "Postgres", "PostgresTesting", "CommandTesting", "Kubernetes",
                "ClusterSimulator", "HTTP", "JSON",
            ]),
    ]
)
