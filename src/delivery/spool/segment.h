// SPDX-License-Identifier: MIT
// Segments of the durable lane: pcapng of frames or packets, sealed as age v1 for a tenant. All in
// memory: nothing of a segment, and no key, is on disk before it is whole.
#pragma once

#include "crypto/age.h"
#include "crypto/sha256.h"
#include "delivery/spool/summary.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landfall::delivery {

struct segment_config {
    std::string gateway;
    std::string tenant;
    std::vector<std::string> carriers; ///< names, by index
    std::vector<crypto::public_key> recipients;
    std::uint8_t priority = 0;                ///< 0 to `highest_priority`
    std::size_t most_octets = 768 << 10U;     ///< of a sealed segment, header included
    std::int64_t most_age_ns = 2'000'000'000; ///< since the segment's first frame came
};

/// A frame or a packet that is to be kept. The octets are the caller's.
struct record {
    content as = content::frames;
    std::uint16_t carrier = 0; ///< its index
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    base::timestamp receive_time{}; ///< on Earth, of the first bit
    bool time_known = true;
    bool corrected = false; ///< the outer decoder changed it
    bool fill = false;
    std::optional<double> es_n0_db{};
    std::uint64_t sequence = 0; ///< of the route
    std::uint64_t missing = 0;  ///< how many of the channel are missing before it
    base::octets octets;
};

struct sealed_segment {
    std::vector<std::uint8_t> octets;
    crypto::sha256_digest digest{}; ///< of all its octets
    segment_summary summary;
};

enum class add_result : std::uint8_t {
    added,
    full,     ///< `close` what there is, then add again
    too_long, ///< does not fit into any segment
};

/// Of one tenant. One thread; no I/O, no clock.
class segment_builder {
  public:
    segment_builder(segment_config config, crypto::randomness random);

    /// Of what is added from now on. Not while there is an open segment.
    void set_contact(std::string contact);
    [[nodiscard]] add_result add(const record& what, std::int64_t now_ns);
    [[nodiscard]] bool empty() const noexcept { return summary_.frames == 0; }
    /// When the open segment has to be closed; nothing while there is none.
    [[nodiscard]] std::optional<std::int64_t> due_ns() const noexcept;
    /// The open segment, sealed; not while there is none.
    [[nodiscard]] sealed_segment close();

  private:
    void begin();
    [[nodiscard]] std::size_t channel_of(const record& what);
    void count(const record& what, std::size_t channel);

    segment_config config_;
    crypto::age_sealer sealer_;
    segment_summary summary_; ///< of the open segment
    bool begun_ = false;
    bool timed_ = false; ///< a time was known
    std::int64_t opened_ns_ = 0;
    std::vector<std::uint8_t> payload_; ///< sealed so far
    std::vector<std::uint8_t> blocks_;  ///< plain, of one record
};

} // namespace landfall::delivery
