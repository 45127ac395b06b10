"""The field as plain arrays: found for one frame, changed by others (made steady over time, say), laid on later."""



