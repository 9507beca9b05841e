// SPDX-License-Identifier: MIT
// What the spool's tests share: seeded randomness, a tenant's keys, segments of some frames.
#pragma once

#include "base/random.h"
#include "crypto/start.h"
#include "delivery/spool/segment.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace landfall::delivery {

inline crypto::randomness seeded(std::uint64_t seed) {
    return [source = std::make_shared<base::random_source>(seed)](std::span<std::uint8_t> out) {
        for (std::uint8_t& octet : out) {
            octet = static_cast<std::uint8_t>(source->bits());
        }
    };
}

struct tenant_keys {
    explicit tenant_keys(std::uint64_t seed = 1) {
        const crypto::randomness random = seeded(seed);
        identities.push_back(crypto::generate_private_key(random));
    }
    [[nodiscard]] std::vector<crypto::public_key> recipients() const {
        return {crypto::public_of(identities.front())};
    }
    std::vector<crypto::private_key> identities;
};

inline segment_config config_for(const tenant_keys& keys) {
    segment_config config;
    config.gateway = "svalbard-1";
    config.tenant = "acme";
    config.carriers = {"noaa20", "metop b"};
    config.recipients = keys.recipients();
    return config;
}

inline constexpr base::timestamp receive_start{1'700'000'000, 123'456'789'000};

/// Frame `number`: its octets say which.
inline std::vector<std::uint8_t> frame_octets(std::uint64_t number, std::size_t size) {
    std::vector<std::uint8_t> octets;
    octets.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        octets.push_back(static_cast<std::uint8_t>(i < 8 ? number >> 8U * i : number * 7 + i));
    }
    return octets;
}

inline sealed_segment segment_of(std::uint64_t number, std::uint8_t priority = 0,
                                 std::size_t size = 300) {
    static const tenant_keys keys;
    segment_config config = config_for(keys);
    config.priority = priority;
    segment_builder builder(config, seeded(number + 1000));
    const auto octets = frame_octets(number, size);
    record one;
    one.octets = octets;
    one.receive_time = receive_start;
    one.sequence = number;
    CHECK(builder.add(one, 0) == add_result::added);
    return builder.close();
}

} // namespace landfall::delivery
