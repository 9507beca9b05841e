// SPDX-License-Identifier: MIT
// The tables of the durable lane: tenants, the spool, the stream that it is published to, the
// ledger.
#pragma once

#include "config/origin.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace landfall::config {

inline constexpr std::size_t tenants_max = 64;
inline constexpr std::size_t recipients_max = 16; ///< of one tenant

/// What goes when a tenant's part of the spool is full.
enum class when_full : std::uint8_t { oldest_first, lowest_priority_first, refuse_new };

/// A virtual channel of a carrier, or all of them: "goes:1", "goes".
struct channel_name {
    std::string carrier;
    std::optional<std::uint8_t> vcid{};

    bool operator==(const channel_name&) const = default;
};

/// Whose data it is.
struct tenant_settings {
    std::string name;
    std::vector<std::string> recipients; ///< X25519 keys of age, as `age-keygen -y` writes them
    std::uint8_t priority = 5;           ///< 9 is published first, 0 last
    std::uint64_t quota_octets = std::uint64_t{4} << 30U; ///< of its segments on disk
    std::uint32_t quota_age_s = 0;                        ///< 0: as long as there is room
    config::when_full when_full = config::when_full::oldest_first;
    std::vector<channel_name> channels; ///< that it may have; empty: all, of the only tenant
    std::vector<std::string> peers;     ///< by which its live routes reach it, and nobody else's
    origin at;
    key_origins given;
};

struct spool_settings {
    std::filesystem::path directory; ///< empty: spool in the state directory
    std::uint32_t segment_octets = 768U << 10U;
    std::uint32_t segment_age_s = 2;
    std::uint64_t reserve_octets = std::uint64_t{10} << 20U; ///< of the file system
    key_origins given;
};

struct publish_settings {
    std::vector<std::string> urls; ///< of NATS servers; one is tried after another
    std::string stream = "landfall";
    bool create_stream = false;
    std::filesystem::path credentials_file;
    std::filesystem::path authorities_file; ///< of certificates; empty: no TLS
    std::uint64_t most_octets_per_s = 0;    ///< 0: no cap
    origin at;
    key_origins given;
};

struct ledger_settings {
    std::filesystem::path directory; ///< empty: ledger in the state directory
    std::filesystem::path key_file;  ///< of Ed25519; see `key_path`
    origin at;
    key_origins given;
};

} // namespace landfall::config
