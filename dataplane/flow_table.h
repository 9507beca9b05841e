// SPDX-License-Identifier: MIT
// Which flow a UDP datagram belongs to: by its port and, where several share one, a word in it.
#pragma once

#include "dataplane/frame.h"

#include <expected>
#include <vector>

namespace landfall::dataplane {

inline constexpr std::size_t max_flows = 64;
/// Where the word stands: in VITA 49 packets the stream identifier, big-endian.
inline constexpr std::size_t flow_word_at = 4;

inline std::optional<std::uint32_t> flow_word(base::octets payload) noexcept {
    const bool is_there = payload.size() >= flow_word_at + 4;
    return is_there ? std::optional(load_u32(payload, flow_word_at)) : std::nullopt;
}

/// A datagram whose port is a flow's and whose word is none's.
struct stray_datagram {
    std::uint32_t word = 0;
    std::uint16_t port = 0; ///< 0: none has come
    bool operator==(const stray_datagram&) const = default;
};

struct flow {
    std::uint16_t port = 0;            ///< local UDP port
    std::optional<std::uint32_t> word; ///< none: any datagram to the port that no other flow takes
    bool first_queue_only = false;     ///< left to the lcore of the port's first receive queue
};

/// A flow's number is its place in the list; the first that fits is taken. Of `max_flows` at most.
class flow_table {
  public:
    explicit flow_table(std::vector<flow> flows) : flows_(std::move(flows)) {
        if (flows_.size() > max_flows) {
            flows_.resize(max_flows);
        }
    }

    [[nodiscard]] std::expected<std::uint16_t, rx_drop> find(std::uint16_t port,
                                                             base::octets payload) const noexcept {
        const std::optional<std::uint32_t> word = flow_word(payload);
        bool port_known = false;
        std::size_t any = max_flows;
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            if (flows_[i].port != port) {
                continue;
            }
            port_known = true;
            if (flows_[i].word && flows_[i].word == word) {
                return static_cast<std::uint16_t>(i);
            }
            if (!flows_[i].word && any == max_flows) {
                any = i;
            }
        }
        if (any != max_flows) {
            return static_cast<std::uint16_t>(any);
        }
        return std::unexpected(port_known ? rx_drop::unknown_stream : rx_drop::udp_unknown_port);
    }

    [[nodiscard]] std::size_t size() const noexcept { return flows_.size(); }

  private:
    std::vector<flow> flows_;
};

} // namespace landfall::dataplane
