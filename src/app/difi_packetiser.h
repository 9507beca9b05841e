// SPDX-License-Identifier: MIT
// A simulated digitiser: samples into DIFI packets, with context and version packets among them.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/function_ref.h"
#include "base/sample.h"
#include "base/time.h"
#include "wire/difi.h"

#include <cstdint>
#include <span>
#include <vector>

namespace landfall::app {

struct digitiser_config {
    std::uint32_t stream_id = 0;
    unsigned bits = 8; ///< 4 to 16
    double sample_rate_hz = 1e6;
    double frequency_hz = 0.0; ///< 0: not known
    base::timestamp start;     ///< of the first sample
};

class difi_packetiser {
  public:
    using sink = base::function_ref<base::result<void>(const base::timestamp&, base::octets)>;

    explicit difi_packetiser(const digitiser_config& config);

    /// Gives out what fills a packet. Packets are of one length: the `last` one is filled with
    /// zeros.
    base::result<void> push(std::span<const base::cf32> samples, bool last, sink out);

  private:
    base::result<void> send(std::span<const base::cf32> samples, sink out);
    [[nodiscard]] base::timestamp time_of(std::uint64_t sample) const;
    [[nodiscard]] wire::difi_stamp stamp(std::uint8_t sequence, const base::timestamp& time) const;

    digitiser_config config_;
    std::size_t packet_samples_;
    wire::context_fields context_;
    std::vector<base::cf32> waiting_;
    std::vector<std::uint8_t> packet_;
    std::uint64_t sent_ = 0;
    double next_context_ = 0.0;
    std::uint8_t data_sequence_ = 0;
    std::uint8_t context_sequence_ = 0;
    std::uint8_t version_sequence_ = 0;
};

} // namespace landfall::app
