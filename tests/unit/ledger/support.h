// SPDX-License-Identifier: MIT
// What the ledger's tests share.
#pragma once

#include "crypto/ed25519.h"
#include "delivery/ledger/audit.h"
#include "delivery/ledger/entry.h"
#include "delivery/ledger/log_writer.h"
#include "tests/support/memory_files.h"

#include <string>
#include <vector>

namespace landfall::test {

namespace led = delivery::ledger;

inline constexpr led::unix_ns noon = 1'795'521'600'000'000'000; // 2026-11-24T12:00:00Z

inline crypto::signing_key key_of(std::uint8_t seed) {
    crypto::secret<32> octets;
    octets.bytes()[0] = seed;
    return crypto::signing_key(octets);
}

inline led::entry entry_number(std::uint64_t number) {
    led::entry what;
    what.time = noon + static_cast<led::unix_ns>(number);
    what.what = static_cast<led::event>(number % led::event_count);
    what.tenant = "tenant-" + std::to_string(number % 3);
    what.octets = number;
    return what;
}

inline led::log_config config_of(const std::string& folder = "log") {
    return {folder, "svalbard-1", 70'000};
}

inline led::note_key public_of(const crypto::signing_key& key) {
    return {config_of().key_name, key.public_key()};
}

/// Audits, and collects the entries' texts.
inline led::audit_report audit_of(delivery::file_system& disk, const crypto::signing_key& key,
                                  std::vector<std::string>* texts = nullptr) {
    return led::audit(disk, "log", public_of(key), [&](std::uint64_t, std::string_view text, bool) {
        if (texts != nullptr) {
            texts->emplace_back(text);
        }
    });
}

} // namespace landfall::test
