// SPDX-License-Identifier: MIT
// A simulated satellite and the digitiser behind its antenna: DIFI packets in real time.
#pragma once

#include "app/difi_packetiser.h"
#include "app/downlink.h"
#include "app/frame_check.h"
#include "base/error.h"
#include "base/function_ref.h"
#include "config/mission.h"

#include <memory>

namespace landfall::app {

class satellite {
  public:
    /// With the second of the pass at which a digitiser has its first sample.
    using packet_sink = base::function_ref<void(double seconds, base::octets packet)>;

    /// A pass of `seconds`, its Doppler shift from rise to set; frames are noted in `check`.
    static base::result<satellite> create(const config::mission& mission, double seconds,
                                          std::uint32_t stream_id, frame_check& check);

    /// The next samples as packets; false at the end of the pass.
    bool step(packet_sink out);
    /// No further frame begins; what was begun is sent to its end.
    void end() { signal_->end(); }

    [[nodiscard]] double sample_rate_hz() const { return signal_->sample_rate_hz(); }
    [[nodiscard]] double progress() const { return signal_->progress(); }
    /// Of the signal that `step` has given out.
    [[nodiscard]] double seconds() const;

  private:
    satellite(std::unique_ptr<downlink> signal, const digitiser_config& digitiser,
              frame_check& check)
        : signal_(std::move(signal)), packets_(digitiser), start_(digitiser.start), check_(&check) {
    }

    std::unique_ptr<downlink> signal_;
    difi_packetiser packets_;
    base::timestamp start_;
    frame_check* check_;
};

} // namespace landfall::app
