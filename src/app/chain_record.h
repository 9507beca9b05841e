// SPDX-License-Identifier: MIT
// What goes from a carrier's demodulation to its decoding, in order.
#pragma once

#include "base/function_ref.h"
#include "base/time.h"
#include "dsp/receiver.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::app {

inline constexpr std::size_t record_soft_bits = 1024; ///< at most, even

/// Cache lines of its own: two cores may be at work on neighbours.
struct alignas(64) chain_record {
    enum class kind : std::uint8_t {
        time,          ///< sample `first.whole` was taken at `time`
        soft,          ///< soft bits of consecutive symbols
        reception_end, ///< what follows does not continue what came before
        stream_end,    ///< likewise, and nothing follows for a while: give out all
    };
    struct header {
        kind what = kind::stream_end;
        bool restart = false; ///< soft: symbols are missing before
        bool placed = false;  ///< soft: `first` is the place of its first symbol; else it continues
        std::uint16_t count = 0;      ///< soft bits
        float es_n0_db = 0.0F;        ///< soft: as estimated last; not finite: not known
        dsp::sample_position first{}; ///< among all samples of the carrier
        double rate = 0.0;            ///< soft: samples per symbol; time: samples per second
        base::timestamp time{};
    };
    header head;
    alignas(64) std::array<std::int8_t, record_soft_bits> bits; ///< the first `count`

    chain_record() noexcept = default;
    explicit chain_record(const header& of) noexcept : head(of) { head.count = 0; }
    chain_record(const header& of, std::span<const std::int8_t> soft) noexcept : head(of) {
        head.count = static_cast<std::uint16_t>(soft.size());
        std::copy(soft.begin(), soft.end(), bits.begin());
    }
    // Of the bits, those that there are.
    chain_record(const chain_record& other) noexcept : chain_record(other.head, other.soft()) {}
    chain_record& operator=(const chain_record& other) noexcept {
        head = other.head;
        std::copy_n(other.bits.begin(), head.count, bits.begin());
        return *this;
    }
    ~chain_record() = default;

    [[nodiscard]] std::span<const std::int8_t> soft() const noexcept {
        return std::span(bits).first(head.count);
    }
};

using record_sink = base::function_ref<void(const chain_record&)>;

} // namespace landfall::app
