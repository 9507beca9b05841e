// SPDX-License-Identifier: MIT
// Puts the packets of one DIFI stream in order and yields timed IQ.
//
// Order and loss go by timestamps and sample rate, with the 4-bit sequence number as a hint (it
// cannot see 16 lost packets). A packet is in place when its time is within half a packet (or, if
// its sequence number agrees, 1.1 us) of where the last one ended: clocks of digitisers tick
// coarsely. A packet up to 7 ahead waits for the missing ones; what comes later still is lost.
#pragma once

#include "base/function_ref.h"
#include "wire/difi.h"
#include "wire/iq_block.h"
#include "wire/packet_ring.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace landfall::wire {

inline constexpr std::size_t reorder_packets = 7;
inline constexpr double clock_tolerance_s = 1.1e-6;

/// What of the context packets matters to the samples.
struct stream_context {
    double sample_rate_hz = 0; ///< 0: not known yet
    unsigned bits = 0;         ///< 0: not known yet
    double rf_reference_hz = 0;
    double if_reference_hz = 0;
    bool operator==(const stream_context&) const = default;
};

struct iq_stream_config {
    std::uint32_t stream_id = 0;
    /// Data held back until the first context; beyond it the oldest give way.
    std::size_t max_held_packets = 1024;
    std::size_t max_held_octets = std::size_t{8} << 20U;
    /// Larger payloads are counted as invalid (`size_mismatch`): it bounds the memory of each
    /// packet.
    std::size_t max_payload_octets = max_datagram_octets;
    /// Packets are joined into blocks of at least this many samples; 0: a block per packet.
    std::size_t block_samples = 0;
    /// A gap longer than this is a discontinuity, not a loss.
    double max_gap_s = 10;
};

/// Use: `push` a packet, then `next` until it returns false. Takes all its memory at start; no
/// call allocates.
class iq_stream {
  public:
    explicit iq_stream(const iq_stream_config& config);

    /// Takes a packet of this stream. Its payload must stay valid until `next` returns false.
    void push(const difi_packet& packet) noexcept;
    /// The stream ends or pauses: from here `next` also yields what waits for missing packets and
    /// the block begun.
    void flush() noexcept { flushing_ = true; }
    /// Forgets the stream, its context and what waits: what is pushed next is another one. The
    /// counters go on.
    void reset() noexcept;
    /// The next block; its samples are valid until the next call. False: push more.
    bool next(iq_block& block) noexcept;

    /// `push`, and every block into the sink.
    void push(const difi_packet& packet, base::function_ref<void(const iq_block&)> sink) noexcept;

    [[nodiscard]] const iq_counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const stream_context& context() const noexcept { return context_; }
    [[nodiscard]] std::uint32_t stream_id() const noexcept { return config_.stream_id; }

  private:
    struct arrival {
        difi_header header;
        base::octets payload;
    };
    /// A packet that waits for missing ones.
    struct slot {
        bool used = false;
        difi_header header;
        std::size_t size = 0;
        std::unique_ptr<std::uint8_t[]> octets;
    };
    struct timed_context {
        difi_header header;
        context_fields fields;
    };
    struct seen {
        std::uint8_t sequence = 0;
        std::uint32_t integer_seconds = 0;
        std::uint64_t fractional = 0;
        bool operator==(const seen&) const = default;
    };
    /// Where a packet lies against what is expected.
    struct position {
        double gap_s = 0;      ///< its time less the expected time
        double packet_s = 0;   ///< duration of a packet
        unsigned sequence = 0; ///< its sequence number less the expected one, modulo 16
        bool in_place = false;
    };
    enum class placement : std::uint8_t { now, hold, drop, release_held };
    enum class step : std::uint8_t { more, emit, emit_first, idle };

    void take_context(const difi_packet& packet) noexcept;
    void count_context(const difi_header& header) noexcept;
    void apply(const context_fields& fields, stream_context& context) const noexcept;
    [[nodiscard]] bool in_effect(const timed_context& change,
                                 const difi_header& data) const noexcept;
    [[nodiscard]] stream_context context_for(const difi_header& data) const noexcept;
    void drop_changes_in_effect(const difi_header& data) noexcept;
    [[nodiscard]] base::timestamp time_of(const difi_header& data) const noexcept;

    [[nodiscard]] step advance() noexcept;
    [[nodiscard]] step advance_without_context() noexcept;
    [[nodiscard]] step finish() noexcept;
    [[nodiscard]] placement place(const arrival& packet) noexcept;
    [[nodiscard]] placement place_ahead(const arrival& packet, const position& at) noexcept;
    [[nodiscard]] placement place_behind(const arrival& packet, const position& at) noexcept;
    [[nodiscard]] placement place_at_start(const arrival& packet) noexcept;
    [[nodiscard]] bool acceptable(const arrival& packet) noexcept;
    [[nodiscard]] position position_of(const difi_header& header) const noexcept;
    [[nodiscard]] bool hold(const arrival& packet) noexcept;
    [[nodiscard]] bool earlier(const difi_header& one, const difi_header& other) const noexcept;
    [[nodiscard]] slot* earliest_held() noexcept;
    [[nodiscard]] step deliver(const arrival& packet) noexcept;
    [[nodiscard]] step deliver_held(slot& held) noexcept;
    void account_gap(const position& at, std::uint64_t lost_samples, bool jump) noexcept;
    void pop_arrival() noexcept;
    [[nodiscard]] bool seen_before(const difi_header& header) const noexcept;

    iq_stream_config config_;
    iq_counters counters_;

    stream_context context_;
    std::array<timed_context, 8> changes_; // waiting for data of their time, in order of time
    std::size_t change_count_ = 0;
    std::optional<base::timestamp> context_time_; // of the last context applied
    std::optional<difi_header> last_context_;

    packet_ring held_back_; // data from before the first context
    std::optional<arrival> incoming_;
    bool flushing_ = false;

    bool started_ = false;
    base::timestamp expected_time_;
    std::uint8_t expected_sequence_ = 0;
    std::size_t packet_samples_ = 0; // of the last packet
    std::array<slot, reorder_packets> slots_;
    std::array<seen, 32> history_;
    std::size_t history_count_ = 0;

    std::size_t capacity_;
    std::unique_ptr<base::cf32[]> buffer_;
    std::size_t filled_ = 0;
    bool emitted_ = false;
    iq_block block_;
};

} // namespace landfall::wire
