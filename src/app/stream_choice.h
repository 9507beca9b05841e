// SPDX-License-Identifier: MIT
// Which DIFI stream a carrier receives.
#pragma once

#include "wire/difi.h"

#include <array>
#include <cstdint>
#include <optional>

namespace landfall::app {

/// One that the configuration names, or else the first of which came a context packet that tells
/// sample rate and depth, and data that fit it. A stream that was found so is given up when nothing
/// of it was received for `stream_patience_ns` and another one could be taken instead.
inline constexpr std::int64_t stream_patience_ns = 5'000'000'000;

class stream_choice {
  public:
    enum class verdict : std::uint8_t {
        ours,
        begins,     ///< ours from here on: `context` goes before it, and all before is over
        other,      ///< of another stream
        no_context, ///< data of a stream of which nothing is known yet
        noted,      ///< not data; of a stream that may become ours
    };

    explicit stream_choice(std::optional<std::uint32_t> named) noexcept
        : named_(named), current_(named) {}

    /// `packet` is what `datagram` says.
    [[nodiscard]] verdict see(const wire::difi_packet& packet, base::octets datagram,
                              std::int64_t now_ns) noexcept;
    /// The context that makes sense of the stream that begins.
    [[nodiscard]] const wire::difi_packet& context() const noexcept { return taken_.context; }
    /// As it came; empty when it was longer than a context is.
    [[nodiscard]] base::octets context_datagram() const noexcept {
        return base::octets(taken_.datagram).first(taken_.octets);
    }

    /// Something is received of the stream.
    void yields(std::int64_t now_ns) noexcept { yielded_ns_ = now_ns; }
    /// The stream pauses: it goes on with its next packet, unless another one begins before.
    void release() noexcept { paused_ = true; }

  private:
    /// A stream that may become ours.
    struct candidate {
        wire::difi_packet context{};
        std::array<std::uint8_t, 256> datagram{};
        std::size_t octets = 0;
        std::optional<std::int64_t> fitted_ns{}; ///< when data came last that fit the context
    };
    verdict see_other(const wire::difi_packet& packet, base::octets datagram,
                      std::int64_t now_ns) noexcept;

    std::optional<std::uint32_t> named_;
    std::optional<std::uint32_t> current_;
    bool paused_ = true;
    std::int64_t yielded_ns_ = 0;
    candidate taken_;
    std::optional<candidate> candidate_;
};

} // namespace landfall::app
