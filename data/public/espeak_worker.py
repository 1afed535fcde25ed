"""Run eSpeak NG in a separate process: `python -m data.public.espeak_worker`.

eSpeak NG is C code under the GPL-3; it shares no process with the rest of Echoic. A request is one line of JSON on
stdin, {"text", "voice", "rate", "pitch", "range"}; the answer on stdout is the number of samples (4 bytes, little
endian) and the samples (16-bit, 22,050 Hz). A text in double brackets is phonemes, `[[l'Eft]]`. A request without a
rate, {"text", "voice"}, is answered with the text's phonemes: the number of bytes (4 bytes), then ASCII names with `|`
between them, words with blanks. Before the first answer comes one line with the sample rate.
"""

from __future__ import annotations

import ctypes
import json
import sys
from array import array

import espeakng_loader

# From speak_lib.h, eSpeak NG 1.51
_SYNCHRONOUS = 2
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8 = 1
_PHONEMES = 0x100  # [[ ]] in a text encloses phonemes
_SEPARATED = ord("|") << 8
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def main() -> int:
    """Answer requests until stdin ends; return 1 if the library fails."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(espeakng_loader.get_data_path()).encode(), 0)
    if rate <= 0:
        print("eSpeak NG could not be started", file=sys.stderr)
        return 1
    samples = array("h")

    def collect(block: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if block and count > 0:
            samples.frombytes(ctypes.string_at(block, 2 * count))
        return 0

    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)

    def phonemes(text: bytes) -> bytes:
        rest, parts = ctypes.c_char_p(text), []
        while rest.value:  # a clause at a time
            parts.append(library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _SEPARATED))
        return b" ".join(part for part in parts if part)

    callback = _CALLBACK(collect)
    library.espeak_SetSynthCallback(callback)
    output = sys.stdout.buffer
    output.write(f"{rate}\n".encode())
    output.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        del samples[:]
        if library.espeak_SetVoiceByName(request["voice"].encode()) != 0:
            print(f"eSpeak NG has no voice {request['voice']}", file=sys.stderr)
            return 1
        text = request["text"].encode("utf-8") + b"\0"
        if "rate" not in request:
            found = phonemes(text)
            output.write(len(found).to_bytes(4, "little") + found)
            output.flush()
            continue
        for parameter, name in ((_RATE, "rate"), (_PITCH, "pitch"), (_RANGE, "range")):
            library.espeak_SetParameter(parameter, request[name], 0)
        library.espeak_Synth(text, len(text), 0, 0, 0, _UTF8 | _PHONEMES, None, None)
        content = samples.tobytes()
        output.write(len(samples).to_bytes(4, "little") + content)
        output.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
