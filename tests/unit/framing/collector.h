// SPDX-License-Identifier: MIT
// A deframer and everything that it gave out.
#pragma once

#include "framing/deframer.h"
#include "support.h"

namespace landfall::framing {

struct collector {
    explicit collector(const frame_parameters& parameters = {}) : deframer_(parameters) {}

    void push(const octet_vector& frame, const arrival& first_bit = {}, bool checked = true) {
        run([&](const deframer_sinks& sinks) {
            deframer_.push({frame, first_bit, false, checked}, sinks);
        });
    }
    void finish() {
        run([&](const deframer_sinks& sinks) { deframer_.finish(sinks); });
    }
    [[nodiscard]] const deframer_totals& totals() const { return deframer_.totals(); }
    [[nodiscard]] std::span<const channel_counters> channels() const {
        return deframer_.channels();
    }

    deframer deframer_;
    std::vector<octet_vector> frames;
    std::vector<delivered_frame> infos; ///< their spans are not to be used
    std::vector<octet_vector> packets;
    std::vector<delivered_packet> packet_infos; ///< likewise

  private:
    template <class Action>
    void run(Action action) {
        const auto on_frame = [this](const delivered_frame& frame) {
            frames.emplace_back(frame.octets.begin(), frame.octets.end());
            infos.push_back(frame);
        };
        const auto on_packet = [this](const delivered_packet& packet) {
            packets.emplace_back(packet.octets.begin(), packet.octets.end());
            packet_infos.push_back(packet);
        };
        action(deframer_sinks{on_frame, on_packet});
    }
};

} // namespace landfall::framing
