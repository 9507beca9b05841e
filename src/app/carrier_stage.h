// SPDX-License-Identifier: MIT
// One carrier on its modem lcore: DIFI datagrams in, routed IP packets out.
#pragma once

#include "app/receive_chain.h"
#include "base/counter.h"
#include "base/published.h"
#include "base/sample.h"
#include "config/gateway.h"
#include "delivery/router.h"
#include "wire/iq_stream.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace landfall::app {

/// What others see of a carrier, a few times a second.
struct carrier_view {
    chain_status status;
    wire::iq_counters iq;
    std::uint64_t unfit_samples = 0; ///< of a rate that cannot carry the mission
    double unfit_rate_hz = 0.0;      ///< the last such rate; 0: none
    double signal_age_s = -1.0;      ///< since the last datagram; below 0: none came yet
    std::size_t channel_count = 0;
    std::array<framing::channel_counters, framing::most_channels> channels{};
    std::size_t point_count = 0;
    std::array<base::cf32, 256> points{}; ///< of the constellation, rails of unit amplitude
};

/// All of one thread but `view` and the router's counters. Takes its memory at start and when a
/// signal of another sample rate begins.
class carrier_stage {
  public:
    carrier_stage(const config::carrier_settings& settings, delivery::router_config routes);

    /// UDP payloads of the carrier's port, in the order in which they came.
    void push(base::octets datagram, std::int64_t now_ns, const delivery::output& out);
    /// To be called now and then, packets or not: after a silence what waits is delivered, so that
    /// the last frames of a pass do not wait for the next.
    void poll(std::int64_t now_ns, const delivery::output& out);
    /// Delivers all that waits.
    void finish(const delivery::output& out);

    [[nodiscard]] carrier_view view() const noexcept { return view_.value(); }
    [[nodiscard]] const delivery::router& router() const noexcept { return router_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const config::mission& mission() const noexcept { return chain_.mission(); }

  private:
    void take_blocks(const delivery::output& out);
    void publish(std::int64_t now_ns);
    template <class Run>
    void deliver(const delivery::output& out, Run&& run);

    std::string name_;
    std::optional<std::uint32_t> wanted_stream_;
    std::optional<std::uint32_t> stream_id_; ///< that is being received
    wire::iq_stream stream_;
    wire::iq_counters strangers_; ///< what belongs to no stream of ours
    receive_chain chain_;
    delivery::router router_;
    std::int64_t last_datagram_ns_ = 0;
    std::int64_t next_publish_ns_ = 0;
    std::uint64_t unfit_samples_ = 0;
    double unfit_rate_hz_ = 0.0;
    bool heard_ = false;
    bool waiting_ = false; ///< for more of a signal
    bool passed_over_ = false;
    base::published<carrier_view> view_;
};

} // namespace landfall::app
